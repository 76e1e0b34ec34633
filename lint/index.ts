import { type ListOptions, retiredKeys } from './keys.ts';

/** What this rule needs of ESLint's contract (custom rules, version 9 and 10), which oxlint's `jsPlugins` follow. */
interface Node {
  type: string;
  parent?: Node;
  source?: unknown;
}
interface Text extends Node {
  value: unknown;
}
interface Template extends Node {
  quasis: { value: { cooked?: string | null } }[];
}
interface Report {
  node: Node;
  messageId: 'retired';
  data: { key: string };
}
interface RuleContext {
  options: ListOptions[];
  cwd?: string;
  report(report: Report): void;
}

const noRetiredFlags = {
  meta: {
    type: 'problem',
    docs: { description: 'No code names a flag that has been decommissioned.' },
    messages: {
      retired: 'The flag "{{key}}" is retired: keep the path that it ended on and delete the question.',
    },
    schema: [
      {
        type: 'object',
        properties: {
          keys: { type: 'array', items: { type: 'string' } },
          file: { type: 'string' },
        },
        additionalProperties: false,
        minProperties: 1,
      },
    ],
  },
  create(context: RuleContext) {
    const retired = retiredKeys(context.options[0] ?? {}, context.cwd ?? process.cwd());
    const look = (node: Node, text: unknown) => {
      if (typeof text === 'string' && retired.has(text) && !namesModule(node))
        context.report({ node, messageId: 'retired', data: { key: text } });
    };
    return {
      Literal: (node: Text) => look(node, node.value),
      TemplateLiteral(node: Template) {
        if (node.quasis.length === 1) look(node, node.quasis[0]?.value.cooked);
      },
    };
  },
};

/** A file or a package may have the name of a flag. */
function namesModule(node: Node): boolean {
  return node.parent?.source === node;
}

/** `tidegate/no-retired-flags` for ESLint (flat configuration) and oxlint (`jsPlugins`). */
const plugin = { meta: { name: 'tidegate' }, rules: { 'no-retired-flags': noRetiredFlags } };

// oxlint-disable-next-line import/no-default-export -- the contract of both asks for it
export default plugin;
