import { z } from 'zod';
import { addExamples } from './field-examples.ts';
import { Plan } from './plan.ts';

/** The JSON Schema of plans as people write them, for completion and underlining in editors. */
export function planJsonSchema(): Record<string, unknown> {
  const schema = inputJsonSchema(Plan, {
    $id: 'https://tidegate.dev/schemas/rollout-plan-v1.json',
    title: 'Tidegate rollout plan',
    description: 'What is rolled out, in which stages, and what must hold at each of them.',
  });
  addExamples(schema);
  return schema;
}

/** The JSON Schema (2020-12) of a YAML file by the zod schema that reads it. */
export function inputJsonSchema(
  schema: z.ZodType,
  head: { $id: string; title: string; description: string },
): Record<string, unknown> {
  const { $schema, ...body } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      // zod leaves out the examples of what it transforms, since they could be those of the output.
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  return { $schema, ...head, ...body, ...head };
}
