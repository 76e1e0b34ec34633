import { z } from 'zod';
import { readText } from '../flags/files.ts';

/** What stands in the file of this machine's administrator. `server`: the address that it is for. */
export const AdminToken = z.object({ server: z.string().nullable(), token: z.string() });
export type AdminToken = z.infer<typeof AdminToken>;

/** Null when there is none that can be read. */
export async function readAdminToken(file: string): Promise<AdminToken | null> {
  try {
    const text = await readText(file);
    return text === null ? null : AdminToken.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
