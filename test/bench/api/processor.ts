import { readFile } from 'node:fs/promises';

/** Processor time of a process and its children, those that have ended included, in ms; null where the system does not tell. */
export async function cpuOfGroup(pid: number): Promise<number | null> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => null);
  if (children === null) return null;
  const times = await Promise.all(
    [String(pid), ...children.trim().split(' ')].map(async (one) => {
      const text = await readFile(`/proc/${one}/stat`, 'utf8').catch(() => '');
      // After the name: utime is the 12th, then stime, cutime and cstime, in hundredths of a second.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return fields
        .slice(11, one === String(pid) ? 15 : 13)
        .reduce((sum, field) => sum + Number(field) * 10, 0);
    }),
  );
  return times.reduce((sum, one) => sum + one, 0);
}
