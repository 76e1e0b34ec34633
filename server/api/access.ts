import { z } from 'zod';
import { GrantText } from '../../plans/access.ts';

/** A token, or a code that a command has asked for with one. */
export const LoginRequest = z.union([
  z.strictObject({ token: z.string().min(1).max(200) }),
  z.strictObject({ code: z.string().min(1).max(200) }),
]);
export type LoginRequest = z.infer<typeof LoginRequest>;

/** Opens one session, until it expires. */
export const CodeReply = z.strictObject({ code: z.string(), expiresAt: z.number() });
export type CodeReply = z.infer<typeof CodeReply>;

/** How people get in here. */
export const WaysReply = z.strictObject({
  /** True: `/login` leads to an identity provider. */
  provider: z.boolean(),
});
export type WaysReply = z.infer<typeof WaysReply>;

/** Grants as people write them: `approver:on-call@production`. */
export const CallerReply = z.strictObject({
  name: z.string(),
  grants: z.array(z.string()),
  /** True for the administrator of this machine, who may name another person whose deed something is. */
  mayActFor: z.boolean(),
  /** What a page sends back as `x-tidegate-csrf`; null with a token. */
  csrf: z.string().nullable(),
  expiresAt: z.number().nullable(),
});
export type CallerReply = z.infer<typeof CallerReply>;

export const CreateTokenRequest = z.strictObject({
  name: z.string().min(1).max(100),
  grants: z.array(GrantText).min(1),
  /** How long it counts. */
  days: z.number().int().min(1).max(730).default(90),
});

const token = {
  id: z.string(),
  name: z.string(),
  grants: z.array(z.string()),
  createdBy: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  revokedAt: z.number().nullable(),
  /** Null: nobody, or it was before that was kept. */
  revokedBy: z.string().nullable(),
};
export const TokenReply = z.strictObject(token);
export type TokenReply = z.infer<typeof TokenReply>;
export const TokensReply = z.strictObject({ tokens: z.array(TokenReply) });
/** `token` is shown here and never again. */
export const CreatedTokenReply = z.strictObject({ ...token, token: z.string() });
