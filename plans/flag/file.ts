import { z } from 'zod';
import { readYaml } from '../document.ts';
import { type Finding, inOrder } from '../finding.ts';
import { parseBySchema } from '../zod-findings.ts';
import { SegmentSpec } from './segment.ts';
import { FlagEntry } from './spec.ts';

/** What `tidegate flags apply` takes: segments first, since flags name them. */
const FlagFile = z.strictObject({
  segments: z.array(SegmentSpec).default([]),
  flags: z.array(FlagEntry).default([]),
});
export type FlagFile = z.infer<typeof FlagFile>;

export type FlagFileResult = { kind: 'ok'; file: FlagFile } | { kind: 'invalid'; findings: Finding[] };

/** Reads flags and segments from YAML or JSON: the file, or every finding with its place. */
export function parseFlagFile(text: string, file: string): FlagFileResult {
  const document = readYaml(text, { file, rule: 'FLAG-YAML' });
  if (!document.readable) return { kind: 'invalid', findings: inOrder(document.problems) };
  const checked = parseBySchema(FlagFile, { ...document, data: document.data ?? {} }, { file, rule: 'FLAG' });
  const findings = [...document.problems, ...checked.findings];
  if (findings.length > 0 || checked.kind !== 'ok') return { kind: 'invalid', findings: inOrder(findings) };
  return { kind: 'ok', file: checked.value };
}
