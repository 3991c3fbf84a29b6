import { connectionPosts } from '../aws/connection-posts.ts';
import { managementClient } from '../aws/management-client.ts';
import type { Posts } from '../chat/ports.ts';
import { setting } from './settings.ts';

/** The way to the clients. */
export const posts = (): Posts => connectionPosts(managementClient(setting('CALLBACK_URL')));
