import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { readYaml } from '../plans/document.ts';
import { Failure } from '../plans/failures.ts';
import { type Finding, findingText } from '../plans/finding.ts';
import { parseBySchema } from '../plans/zod-findings.ts';
import { Config } from './config.ts';

const DEFAULT_FILE = 'tidegate.yaml';
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * Reads `tidegate.yaml`: the file named, else the one in the current folder, else the defaults. A relative `data`
 * folder is one beside the file. @throws Failure CONFIG_INVALID with every finding, USAGE when a named file is missing
 */
export function loadConfig(path: string | undefined, env: NodeJS.ProcessEnv = process.env): Config {
  const file = path ?? DEFAULT_FILE;
  if (!existsSync(file)) {
    if (path === undefined) return Config.parse({});
    throw new Failure('USAGE', `There is no file ${file}.`);
  }
  const config = parseConfig(readFileSync(file, 'utf8'), file, env);
  return { ...config, data: resolve(dirname(file), config.data) };
}

/** The configuration of a text; secrets stand in it as `${NAME}` and come from `env`. */
export function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv): Config {
  const filled = fillIn(text, file, env);
  if (text.trim() === '') return Config.parse({});
  const document = readYaml(filled.text, { file, rule: 'CONFIG-YAML' });
  const findings = [...filled.findings, ...document.problems];
  if (findings.length === 0) {
    const parsed = parseBySchema(
      Config,
      { ...document, data: document.data ?? {} },
      { file, rule: 'CONFIG' },
    );
    if (parsed.kind === 'ok') return parsed.value;
    findings.push(...parsed.findings);
  }
  throw new Failure(
    'CONFIG_INVALID',
    `${file} has ${findings.length} ${findings.length === 1 ? 'error' : 'errors'}.`,
    { where: file, details: findings.map(findingText) },
  );
}

/** Puts variables into the values, not into the text: a secret with a quote or a colon stays a secret. */
function fillIn(text: string, file: string, env: NodeJS.ProcessEnv): { text: string; findings: Finding[] } {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const findings: Finding[] = [];
  if (document.errors.length > 0 || !text.includes('${')) return { text, findings };
  visit(document, {
    Scalar(_key, node) {
      if (!isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return;
      node.value = node.value.replaceAll(VARIABLE, (whole, name: string) => {
        const value = env[name];
        if (value !== undefined) return value;
        const { line, col } = counter.linePos(node.range?.[0] ?? 0);
        findings.push({
          severity: 'error',
          rule: 'CONFIG-ENV',
          file,
          line,
          column: col,
          path: '',
          message: `the variable ${name} is not set`,
          instead: `set ${name} in the environment`,
        });
        return whole;
      });
      node.type = 'QUOTE_DOUBLE';
    },
  });
  return { text: document.toString(), findings };
}
