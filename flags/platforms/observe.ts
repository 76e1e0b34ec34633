import { Failure } from '../../plans/failures.ts';
import type { Platform } from './platform.ts';

/** Reads what somebody else moves on another platform, and moves nothing: not even a kill. */
export function createObserve(name: string, of: Platform): Platform {
  return {
    name,
    kind: 'observe',
    where: of.where,
    uniqueVersions: of.uniqueVersions,
    can: { ...of.can, moves: false, creates: false },
    read: (flag) => of.read(flag),
    async write({ key }) {
      throw new Failure('NOT_SUPPORTED', `The provider "${name}" only watches: it does not move ${key}.`, {
        where: of.where,
      });
    },
    lacks: (flag) => of.lacks(flag),
    check: () => of.check(),
  };
}
