import type { AwsProvider } from "../engine.ts";
import type { MinistackAws } from "./ministack-aws.ts";

/** A provider whose answer an engine may not live to hear. */
export interface InterruptedAws extends AwsProvider {
  /**
   * Calls `kill` when the first resource of a type has been made, and before the engine is told so. Resolves when
   * that has happened and nothing that was asked for is still being made.
   */
  killAfter(type: string, kill: () => Promise<void>): Promise<void>;
}

interface Trap {
  readonly type: string;
  readonly kill: () => Promise<void>;
  readonly sprung: PromiseWithResolvers<void>;
}

/** What lies between a call of AWS that has done its work and the engine's state that does not know of it. */
export function interrupted(aws: MinistackAws): InterruptedAws {
  let trap: Trap | undefined;
  const running = new Set<Promise<unknown>>();
  const create: AwsProvider["create"] = async (args) => {
    const making = aws.create(args);
    running.add(making);
    const made = await making.finally(() => running.delete(making));
    const caught = trap;
    if (args.preview || caught?.type !== args.type) return made;
    trap = undefined;
    await caught.kill().then(caught.sprung.resolve, caught.sprung.reject);
    return made;
  };
  return {
    version: aws.version,
    check: (args) => aws.check(args),
    replaces: (args) => aws.replaces(args),
    deletesBeforeReplace: (args) => aws.deletesBeforeReplace(args),
    create,
    update: (args) => aws.update(args),
    read: (args) => aws.read(args),
    delete: (args) => aws.delete(args),
    invoke: (args) => aws.invoke(args),
    resources: () => aws.resources(),
    async killAfter(type, kill) {
      const sprung = Promise.withResolvers<void>();
      trap = { type, kill, sprung };
      await sprung.promise;
      await Promise.allSettled([...running]);
    },
  };
}
