import { z } from 'zod';

export const Name = z
  .string()
  .min(1)
  .max(100)
  .meta({ title: 'name', examples: ['errors'] });
export const Key = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/, 'expected letters, digits, dots, dashes and underscores')
  .meta({ title: 'key (letters, digits, dots, dashes, underscores)', examples: ['pricing-v2'] });
export const Role = z
  .string()
  .min(1)
  .meta({ title: 'role', examples: ['on-call'] });
export const Label = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'expected the name of a label')
  .meta({ title: 'name of a label', examples: ['variant'] });
export const Selector = z
  .string()
  .min(1)
  .describe('A Prometheus series selector: a metric name with label matchers.')
  .meta({ title: 'series selector', examples: ['http_requests_total{service="shop"}'] });
export const PromQL = z
  .string()
  .min(1)
  .describe('A PromQL expression.')
  .meta({ title: 'PromQL expression', examples: ['sum(increase(legacy_calls_total[1h]))'] });

/** The provider of a flag that somebody else serves and tells of: `POST /rollouts/:id/exposure`. */
export const TOLD = 'told';
