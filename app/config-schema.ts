import { inputJsonSchema } from '../plans/json-schema.ts';
import { Config } from './config.ts';

/** The JSON Schema of `tidegate.yaml`, for completion and underlining in editors. */
export function configJsonSchema(): Record<string, unknown> {
  return inputJsonSchema(Config, {
    $id: 'https://tidegate.dev/schemas/config-v1.json',
    title: 'Tidegate configuration',
    description: 'Where the parts are, and the names that plans use: sources, segments and channels.',
  });
}
