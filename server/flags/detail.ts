import { z } from 'zod';
import { textOf } from '../../plans/flag/contents.ts';
import type { FlagState } from '../../store/flag-contract.ts';
import type { FlagDetail } from '../api/flags.ts';
import type { ServerDeps } from '../deps.ts';
import { flagReply } from './target.ts';

/** All that matters here of a delivered document. */
const Delivered = z.object({ flags: z.record(z.string(), z.unknown()) });

/** All that is known of a flag: of the store's state, and of what this server delivers of it. */
export function detailOf({ flagService }: Pick<ServerDeps, 'flagService'>, flag: FlagState): FlagDetail {
  const { environment, key, live, lifecycle, createdAt, updatedAt, updatedBy } = flag;
  const same = (other: { environment: string; key: string }) =>
    other.environment === environment && other.key === key;
  const environments = flagService
    .environments()
    .filter((name) => flagService.definition({ environment: name, key }) !== null);
  const others = flagService.flags(environment);
  const set = Delivered.safeParse(JSON.parse(flagService.document(environment).text)).data;
  return {
    ...flagReply(flag),
    definition: textOf(flag),
    live,
    lifecycle,
    createdAt,
    updatedAt,
    updatedBy,
    environments: environments.includes(environment) ? environments : [...environments, environment],
    neededBy: others
      .filter(({ spec }) => spec?.requires.some((need) => need.flag === key))
      .map((other) => other.key),
    refused: flagService.refusals().find(same)?.fault ?? null,
    delivered: set?.flags[key] ?? null,
  };
}
