import { isMap, parseDocument } from 'yaml';

/** The text of a plan with `metadata.build`; comments and order stay. A text that is no plan comes back as it was. */
export function namingBuild(text: string, build: string): string {
  const document = parseDocument(text, { merge: true, logLevel: 'silent' });
  const metadata = document.errors.length > 0 ? undefined : document.get('metadata');
  if (!isMap(metadata) || metadata.get('build') === build) return text;
  metadata.set('build', build);
  return document.toString({ lineWidth: 0 });
}
