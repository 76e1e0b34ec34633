import { z } from 'zod';
import { Key } from '../names.ts';
import { Attribute, Condition } from './condition.ts';

/** So many people at most may have joined, and so many have left: each stands in every definition that is delivered. */
export const MEMBER_LIMIT = 1000;

/** A named audience that flags share, as a person writes it. */
export const SegmentSpec = z.strictObject({
  name: Key,
  description: z.string().max(1000).default(''),
  match: z.enum(['any', 'all']).default('any').describe('How many of the rules must match.'),
  rules: z.array(Condition).max(100).default([]).describe('Who belongs to it.'),
  joinable: z.boolean().default(false).describe('People join and leave it by themselves.'),
  by: Attribute.default('targetingKey').describe('The attribute that names a person who joins or leaves.'),
});
export type SegmentSpec = z.infer<typeof SegmentSpec>;

/** Whoever left is no member, whatever the rules say; whoever joined is one. */
export const SharedSegment = SegmentSpec.extend({ joined: z.array(z.string()), left: z.array(z.string()) });
export type SharedSegment = z.infer<typeof SharedSegment>;
