/** Reads what the inspector's server at this address sends, as a page does, and says when the first of it is there. */
import WebSocket from 'ws';

const { host, hash } = new URL(process.argv[2] ?? '');
const socket = new WebSocket(`ws://${host}/look`, ['chorale', new URLSearchParams(hash.slice(1)).get('token') ?? '']);
socket.once('message', () => process.send?.('looking'));
