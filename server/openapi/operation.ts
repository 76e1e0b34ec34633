import type { Access } from '../auth/guard.ts';

export interface Parameter {
  name: string;
  in: string;
  schema: Record<string, unknown>;
  required?: boolean;
  description?: string;
  example?: unknown;
}

export interface Content {
  schema?: unknown;
  examples?: Record<string, { value: unknown }>;
}

export interface Operation {
  summary?: string;
  description?: string;
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content>; required?: boolean };
  responses: Record<
    string,
    { description: string; content?: Record<string, Content>; [key: string]: unknown }
  >;
  'x-access'?: Access;
  'x-idempotency'?: string;
  security?: unknown;
}

export interface Document {
  components?: Record<string, unknown>;
  paths?: Record<string, Record<string, Operation>>;
}
