import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Manifest = z.object({ name: z.literal('tidegate'), version: z.string() });

/** The version of this package, whether it runs compiled (`dist/cli`) or from its sources (`cli`). */
export function packageVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      return Manifest.parse(JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'))).version;
    } catch {
      // Not there: the other one.
    }
  }
  return 'unknown';
}
