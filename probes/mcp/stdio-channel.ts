import { type Child, startChild } from "../child.ts";
import { ProbeFault } from "../classify.ts";
import type { ResolvedMcp } from "../session.ts";
import type { Channel } from "./channel.ts";
import { awaitAnswer, createInbox } from "./inbox.ts";
import { encodeNotification, encodeRequest } from "./rpc.ts";

/** A channel over the pipes of a child. */
export interface StdioChannel extends Channel {
  /** Whether the child ended by itself before it had said anything. */
  diedMute(): boolean;
}

/** Starts the child of a stdio target: one line is one message. Throws a ProbeFault of class connect. */
export async function openStdioChannel(
  target: Extract<ResolvedMcp, { transport: "stdio" }>,
): Promise<StdioChannel> {
  const closed = Promise.withResolvers<void>();
  const pipe: { child: Child | null } = { child: null };
  const write = (text: string): void => void pipe.child?.write(text).catch(() => undefined);
  const inbox = createInbox(write);
  let over: ProbeFault | null = null;
  let diedMute = false;
  let lastId = 0;

  const end = (fault: ProbeFault): void => {
    over ??= fault;
    inbox.fail(over);
    closed.resolve();
  };
  const child = await startChild(target, {
    line: (text) => inbox.receive(text),
    garbled: () => inbox.blame("a line that is not UTF-8"),
    ended(fault) {
      diedMute = over === null && fault.failureClass === "connect" && !inbox.heard();
      end(fault);
    },
  });
  pipe.child = child;

  return {
    transport: "stdio",
    process: { pid: child.pid, stderrTail: () => child.stderrTail() },
    closed: closed.promise,
    diedMute: () => diedMute,
    first: () => null,
    sessionId: () => null,
    // The pipes carry no headers, and what a message needs stands in it.
    speak: () => undefined,
    async request({ method, params }, signal) {
      if (over !== null) throw over;
      lastId += 1;
      const id = lastId;
      const answer = awaitAnswer(inbox, { id, method }, signal);
      write(encodeRequest(id, method, params));
      return { result: await answer, stream: null };
    },
    async notify(method) {
      if (over !== null) throw over;
      write(encodeNotification(method));
    },
    async close() {
      over ??= new ProbeFault("connect", "the session was closed");
      inbox.fail(over);
      await child.stop();
      end(over);
    },
  };
}
