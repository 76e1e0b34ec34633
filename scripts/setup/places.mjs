import { fromCache, intoCache, locked } from './cache.mjs';
import { Missing, say } from './say.mjs';

/**
 * Looks in the cache and then tries one place after the other.
 * @param {object} what
 * @param {string} what.part folder in the cache
 * @param {string} what.title for people
 * @param {string[]} what.programs
 * @param {{ name: string, usually: string, unfit?: string, fetch: (folder: string) => Promise<void> }[]} what.places
 *   in the order of trying; `unfit` says why a place is of no use on this machine
 * @param {string[]} what.advice what to install by hand when no place has it
 * @returns {Promise<Record<string, string>>} absolute path by program
 */
export async function fromPlaces({ part, title, programs, places, advice }) {
  const cached = fromCache(part, programs);
  if (cached !== undefined) return cached;
  return locked(part, async () => {
    const meanwhile = fromCache(part, programs);
    if (meanwhile !== undefined) return meanwhile;
    const tried = [];
    for (const { name, usually, unfit, fetch } of places) {
      if (unfit !== undefined) {
        tried.push(`${name}: ${unfit}`);
        continue;
      }
      say(`${title}: ${name} (usually ${usually})`);
      try {
        await intoCache(part, programs, fetch);
        const paths = fromCache(part, programs);
        if (paths === undefined) throw new Error('it did not arrive in the cache');
        say(`${title}: there, from ${name}`);
        return paths;
      } catch (error) {
        tried.push(`${name}: ${error.message}`);
        say(`${title}: not from there (${error.message.split('\n')[0]})`);
      }
    }
    throw new Missing(`${title} is not on this machine and could not be fetched`, [...tried, ...advice]);
  });
}
