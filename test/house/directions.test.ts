import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let house: string;

const IN_ORDER = {
  'plans/units.ts': "import { z } from 'zod';\nexport const Unit = z.string();",
  'analysis/verdict.ts': "import { Unit } from '../plans/units.ts';\nexport const verdict = () => Unit;",
  'analysis/verdict.test.ts':
    "import { readFileSync } from 'node:fs';\nimport pg from 'pg';\nexport const x = [readFileSync, pg];",
  'store/rows.ts': 'export type Row = string;',
  'activities/index.ts': 'export interface Activities { watch(): void }\nexport const value = 1;',
  'workflows/index.ts':
    "import type { Activities } from '../activities/index.ts';\nexport type Used = Activities;",
  'rollout/timed.ts':
    'export const at = (now: number) => new Date(now);\nexport const own = (process: { env: 1 }) => process.env;',
};

beforeEach(async () => {
  house = await mkdtemp(join(tmpdir(), 'tidegate-house-'));
  for (const file of ['tsconfig.json', 'package.json']) await cp(join(root, file), join(house, file));
  await symlink(join(root, 'node_modules'), join(house, 'node_modules'));
  await plant(IN_ORDER);
});
afterEach(() => rm(house, { recursive: true, force: true }));

async function plant(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(house, path)), { recursive: true });
    await writeFile(join(house, path), `${text}\n`);
  }
}

async function said(script: string): Promise<{ status: number; lines: string[] }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(root, 'scripts/check', script),
      house,
    ]);
    return { status: 0, lines: stdout.trim().split('\n') };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { status: code, lines: stderr.trim().split('\n') };
  }
}

describe('the check of import directions', () => {
  it('accepts a house in order, and has read it', async () => {
    expect(await said('directions.mjs')).toEqual({ status: 0, lines: ['7 files, 2 imports between them'] });
  });

  it('names each violation that is planted', async () => {
    await plant({
      'rollout/planted.ts': "import type { Row } from '../store/rows.ts';\nexport type Planted = Row;",
      'analysis/planted.ts': "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;",
      'plans/one.ts': "import { two } from './two.ts';\nexport const one = () => two;",
      'plans/two.ts': "import { one } from './one.ts';\nexport const two = () => one;",
      'plans/packed.ts': "import pino from 'pino';\nexport const packed = pino;",
      'console/planted.ts': "import { Unit } from '../plans/units.ts';\nexport const planted = Unit;",
      'plans/lost.ts': "export { gone } from './gone.ts';",
      'workflows/planted.ts':
        "import { value } from '../activities/index.ts';\nexport const planted = value;",
    });
    const { status, lines } = await said('directions.mjs');
    expect(status).toBe(1);
    expect(lines.sort()).toEqual([
      'console-takes-types-and-words: console/planted.ts -> plans/units.ts',
      'every-import-resolves: plans/lost.ts -> ./gone.ts',
      'no-cycles: plans/one.ts -> plans/two.ts -> plans/one.ts',
      'no-node-in-what-decides: analysis/planted.ts -> fs',
      expect.stringMatching(/^plans-takes-few-packages: plans\/packed\.ts -> .*node_modules\/pino\//),
      'rollout-imports-only-plans-analysis: rollout/planted.ts -> store/rows.ts',
      'workflows-import-activities-as-types: workflows/planted.ts -> activities/index.ts',
    ]);
  });
});

describe('the check for clock and chance', () => {
  it('accepts a time that was given', async () => {
    expect(await said('pure.mjs')).toEqual({ status: 0, lines: ['3 files'] });
  });

  it('names each use that is planted, with its line', async () => {
    await plant({
      'plans/planted.ts': 'export const one = 1;\nexport const two = () => Date.now();',
      'analysis/planted.ts':
        'export const one = [1].map(Math.random);\nexport const two = () => performance.now();',
      'rollout/planted.ts':
        'export const one = () => new Date();\nexport const two = () => setTimeout(() => 1, 1);',
    });
    const { status, lines } = await said('pure.mjs');
    expect(status).toBe(1);
    expect(lines.map((line) => line.split(' does not belong')[0])).toEqual([
      'plans/planted.ts:2: Date.now',
      'analysis/planted.ts:1: Math.random',
      'analysis/planted.ts:2: performance',
      'rollout/planted.ts:1: new Date()',
      'rollout/planted.ts:2: setTimeout',
    ]);
  });
});
