import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schemaFault } from './flagd-schema.ts';

const schemas = new URL('../../shared/conformance/flagd-schemas/json/test/', import.meta.url);
const missing = existsSync(schemas) ? '' : ' (skipped: no conformance data)';

/** The public cases in which the flags are an array. flagd reads such files; its providers, to whom we speak, do not. */
const ARRAYS = ['flags/positive/example.flagdimport.array.json', 'flagd/positive/with-array-flags.json'];

function cases(...folders: string[]): string[] {
  if (missing !== '') return [];
  return folders.flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, schemas)).map((file) => `${folder}/${file}`),
  );
}

/** A case as a flag set; one that is a targeting alone stands in a flag. */
function flagSetOf(file: string): string {
  const text = readFileSync(new URL(file, schemas), 'utf8');
  if (!file.startsWith('targeting/')) return text;
  const { $schema: _, ...targeting }: Record<string, unknown> = JSON.parse(text);
  const variants = { on: true, off: false };
  return JSON.stringify({ flags: { one: { state: 'ENABLED', variants, defaultVariant: 'off', targeting } } });
}

describe.skipIf(missing !== '')(`what refuses a definition, by flagd's public cases${missing}`, () => {
  const good = cases('flags/positive', 'flagd/positive', 'targeting/positive');
  const bad = cases('flags/negative', 'targeting/negative');

  it.each(good.filter((file) => !ARRAYS.includes(file)))('takes %s', (file) => {
    expect(schemaFault(flagSetOf(file))).toBeNull();
  });

  it.each(ARRAYS)('refuses %s for its array, and for nothing else', (file) => {
    const { flags, ...rest }: { flags: { key: string }[] } = JSON.parse(flagSetOf(file));
    expect(schemaFault(flagSetOf(file))).toBe('/flags');
    const byKey = Object.fromEntries(flags.map(({ key, ...flag }) => [key, flag]));
    expect(schemaFault(JSON.stringify({ ...rest, flags: byKey }))).toBeNull();
  });

  it.each(bad)('refuses %s with the place of the fault', (file) => {
    const place = schemaFault(flagSetOf(file));
    const whole = file.endsWith('invalid-flag-set-metadata.json') ? /^\/metadata\/./ : /^\/flags(\/|$)/;
    expect(place).toMatch(whole);
    if (file.startsWith('targeting/')) expect(place).toMatch(/^\/flags\/one\/targeting/);
  });

  it('has read them all', () => {
    expect([good.length, bad.length]).toEqual([18, 18]);
  });
});
