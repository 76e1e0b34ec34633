import { expect, test } from 'vitest';
import { EXAMPLES, leaves } from './examples.ts';
import { createProgram } from './program.ts';

/** The words of an example as a shell hands them over, without what it redirects. */
function words(example: string): string[] {
  const [, typed = ''] = /tidegate ([^<>)]*)/.exec(example) ?? [];
  return [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

const all = leaves(createProgram(() => undefined));

test.each(all.map(({ name }) => name))(
  '`%s --help` has examples, and each is one that the command takes',
  async (name) => {
    const examples = EXAMPLES[name] ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const program = createProgram(() => undefined);
      const ran: string[] = [];
      for (const leaf of leaves(program)) leaf.command.action(() => void ran.push(leaf.name));
      await program.parseAsync(words(example), { from: 'user' });
      expect({ example, ran }).toEqual({ example, ran: [name] });
    }
    let help = '';
    const program = createProgram(() => undefined).configureOutput({ writeOut: (text) => (help += text) });
    for (const { command } of leaves(program))
      command.configureOutput({ writeOut: (text) => (help += text) });
    await program.parseAsync([...name.split(' '), '--help'], { from: 'user' }).catch(() => undefined);
    for (const example of examples) expect(help).toContain(`  ${example}\n`);
  },
);

test('there are no examples of commands that are no more', () => {
  expect(Object.keys(EXAMPLES).filter((name) => !all.some((one) => one.name === name))).toEqual([]);
});
