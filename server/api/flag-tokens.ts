import { z } from 'zod';

/** What a selector can name: no commas and no equals signs. */
const Environment = z.string().regex(/^[^,=\s]+$/, 'is not the name of an environment');

export const TokenRequest = z.strictObject({
  environment: Environment,
  /** Whom it is for, so that one knows what a revocation stops. */
  name: z.string().min(1).max(200),
  /** Seconds; null: until it is revoked. */
  expiresIn: z
    .number()
    .positive()
    .max(100 * 365 * 86_400)
    .nullable()
    .default(null),
});

/** A token as it is listed. Times in milliseconds since 1970. */
export const TokenReply = z.strictObject({
  id: z.string(),
  environment: z.string(),
  name: z.string(),
  state: z.enum(['valid', 'expired', 'revoked']),
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().nullable(),
  revokedAt: z.number().nullable(),
  revokedBy: z.string().nullable(),
});
export type TokenReply = z.infer<typeof TokenReply>;

export const IssuedTokenReply = TokenReply.extend({ token: z.string() });
export const TokensReply = z.strictObject({ tokens: z.array(TokenReply) });
export const TokenQuery = z.strictObject({ environment: z.string().min(1).optional() });
