/** One line for a step that passed; what its tool said, too, for one that did not. */
export function tell({ name, passed, seconds, output }) {
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)`);
  if (!passed) console.log(output.trimEnd().replace(/^/gm, '        '));
}
