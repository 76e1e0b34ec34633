import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** A page that asks for nothing: no script runs in it, and nothing is loaded. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** One self-contained page. The template escapes every text; charts escape their own. */
export function renderPage(template: string, data: object): string {
  const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(FOLDER), {
    autoescape: true,
    throwOnUndefined: true,
  });
  return environment.render(template, { policy: PAGE_POLICY, ...data });
}
