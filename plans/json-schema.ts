import { z } from 'zod';
import { Plan } from './plan.ts';

/** The JSON Schema of plans as people write them, for completion and underlining in editors. */
export function planJsonSchema(): Record<string, unknown> {
  return { title: 'Tidegate rollout plan', ...z.toJSONSchema(Plan, { io: 'input', unrepresentable: 'any' }) };
}
