/**
 * Names that cross the wire, branded so that one cannot stand in for another.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A node: one actor system with one clock, one link to each peer, and one fate. `rm-1`, `fe-2`, `sequencer`. */
export type NodeId = Branded<'NodeId'>;
/** A process group, by the name that everybody addresses it by. */
export type GroupName = Branded<'GroupName'>;
/** A client's session: requests in it are issued one at a time, numbered from 1. */
export type SessionId = Branded<'SessionId'>;
/** One request, unique for all time: `session#number`. */
export type RequestId = Branded<'RequestId'>;
/** One incarnation of a node as a sender of multicasts: `node:incarnation`. */
export type SenderId = Branded<'SenderId'>;
/** An actor on a node: `node/actor`. */
export type Address = `${string}/${string}`;

export const nodeId = (name: string): NodeId => name as NodeId;
export const groupName = (name: string): GroupName => name as GroupName;
export const sessionId = (name: string): SessionId => name as SessionId;
export const requestId = (session: SessionId, seq: number): RequestId => `${session}#${seq}` as RequestId;
export const senderId = (node: NodeId, incarnation: number): SenderId => `${node}:${incarnation}` as SenderId;
export const address = (node: NodeId, actor: string): Address => `${node}/${actor}`;
export const nodeOf = (place: Address): NodeId => place.slice(0, place.indexOf('/')) as NodeId;
export const actorOf = (place: Address): string => place.slice(place.indexOf('/') + 1);
export const incarnationOf = (sender: SenderId): number => Number(sender.slice(sender.lastIndexOf(':') + 1));
export const senderNode = (sender: SenderId): NodeId => sender.slice(0, sender.lastIndexOf(':')) as NodeId;

/** The name of the actor that serves a group on its node. */
export const groupActor = (group: GroupName): string => `group:${group}`;
