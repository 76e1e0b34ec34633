import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

interface Entry {
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const text = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8');
const packages = (JSON.parse(text) as { packages: Record<string, Entry> }).packages;

it('package-lock.json knows the optional packages of every system: without one `npm ci` refuses on all of them', () => {
  const known = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)),
  );
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  );
  expect(
    wanted.filter((name) => !known.has(name)),
    'run `npm run lock`',
  ).toEqual([]);
});

it('package-lock.json names no registry, so that everybody can use their own', () => {
  expect(Object.values(packages).flatMap(({ resolved }) => resolved ?? [])).toEqual([]);
});
