import { createHash } from 'node:crypto';
import { chmod, copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromCache } from './cache.mjs';
import { command, onPath, tail } from './command.mjs';
import { goBuildFolder, goUnfit } from './go.mjs';
import { fromPlaces } from './places.mjs';
import { root } from './root.mjs';
import { Missing, say } from './say.mjs';

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8';

/**
 * flagd's own evaluators of other languages, each as one program `evaluate` that reads a job and prints the variants:
 * tests hold the cohorts of the JavaScript one against theirs. What one needs is fetched by its language's own tool.
 */
const EVALUATORS = {
  go: {
    title: "flagd's Go evaluator",
    name: 'building it with Go',
    usually: '30 s',
    unfit: goUnfit(),
    make: (source, folder) => goBuildFolder(source, join(folder, 'evaluate')),
  },
  python: {
    title: "flagd's Python provider",
    name: 'its packages, by pip',
    usually: '20 s',
    unfit: onPath('python3') === undefined ? 'there is no python3 on this machine' : undefined,
    make: async (source, folder) => {
      const packages = join(folder, 'packages');
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--target', packages];
      await must('python3', [...pip, '-r', join(source, 'requirements.txt')]);
      await copyFile(join(source, 'evaluate.py'), join(folder, 'evaluate.py'));
      await launcher(folder, 'PYTHONPATH="$here/packages" exec python3 "$here/evaluate.py"');
    },
  },
  java: {
    title: "flagd's Java provider",
    name: 'its packages, by Maven',
    usually: '75 s',
    unfit: unfitJava(),
    make: async (source, folder) => {
      const lib = join(folder, 'lib');
      const maven = ['-q', '-B', '-ntp', '-f', join(source, 'pom.xml')];
      await must('mvn', [...maven, `${COPY}:copy-dependencies`, `-DoutputDirectory=${lib}`]);
      await must('javac', ['-d', folder, '-cp', join(lib, '*'), join(source, 'Evaluate.java')]);
      await launcher(folder, 'exec java -cp "$here:$here/lib/*" Evaluate');
    },
  },
};

/** Makes them ready. One that this machine cannot have is said to be skipped, and so is its test. */
export async function prepareEvaluators() {
  await Promise.all(
    Object.entries(EVALUATORS).map(async ([language, { title, name, usually, unfit, make }]) => {
      const source = sourceOf(language);
      try {
        await fromPlaces({
          part: await partOf(language),
          title,
          programs: ['evaluate'],
          places: [{ name, usually, unfit, fetch: (folder) => make(source, folder) }],
          advice: [],
        });
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        say(`${title}: cohorts are not held against it, its tests are skipped (${error.advice.join('; ')})`);
      }
    }),
  );
}

/**
 * The program of a language, or why its tests are skipped.
 * @param {'go' | 'python' | 'java'} language
 * @returns {Promise<{ program: string } | { skipped: string }>}
 */
export async function findEvaluator(language) {
  const paths = fromCache(await partOf(language), ['evaluate']);
  if (paths !== undefined) return { program: paths.evaluate };
  const { unfit } = EVALUATORS[language];
  return { skipped: unfit ?? 'not prepared: node scripts/setup.mjs --for test' };
}

function sourceOf(language) {
  return join(root, 'test/conformance', language);
}

/** Another source is another part, so that clones of different versions share one cache. */
async function partOf(language) {
  const source = sourceOf(language);
  const hash = createHash('sha256').update(await readFile(import.meta.filename));
  for (const file of (await readdir(source)).sort()) hash.update(await readFile(join(source, file)));
  return `evaluator-${language}-${hash.digest('hex').slice(0, 12)}`;
}

function unfitJava() {
  const absent = ['java', 'javac', 'mvn'].filter((name) => onPath(name) === undefined);
  return absent.length === 0 ? undefined : `there is no ${absent.join(', no ')} on this machine`;
}

async function must(program, args) {
  const { status, output } = await command(program, args);
  if (status !== 0) throw new Error(tail(output, 3).join(' '));
}

/** The folder is moved once it is full: nothing in it may know its place. */
async function launcher(folder, line) {
  const file = join(folder, 'evaluate');
  await writeFile(file, `#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\n${line}\n`);
  await chmod(file, 0o755);
}
