/** Everything that can move a cursor, colour a line or hide what comes after it. */
const CONTROL = /[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;
const MARKDOWN = /[\\`*_{}[\]<>()#+\-.!|~&:@]/g;

/** One line of plain text: names and reasons come from people and must not steer a terminal. */
export function plainText(text: string): string {
  return text.replace(CONTROL, ' ').replace(/\s+/g, ' ').trim();
}

/** The same for Markdown: no character is markup, mention or link. */
export function markdownText(text: string): string {
  return plainText(text).replace(MARKDOWN, '\\$&');
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** The same for HTML, in elements and in quoted attributes. */
export function htmlText(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => HTML[character] ?? '');
}

/** Inside a code span nothing is escaped, but a backtick would end it. */
export function codeText(text: string): string {
  return plainText(text).replaceAll('`', "'");
}
