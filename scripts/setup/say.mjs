let out = process.stdout;

/** Standard output is somebody's answer: progress goes beside it. */
export function toStderr() {
  out = process.stderr;
}

/** @param {string} line */
export function say(line) {
  out.write(`[setup] ${line}\n`);
}

/** Something that setup cannot get by itself, with what a person can do about it. */
export class Missing extends Error {
  /**
   * @param {string} message
   * @param {string[]} advice
   * @param {'PART_MISSING' | 'BUILD_FAILED'} code
   */
  constructor(message, advice, code = 'PART_MISSING') {
    super(message);
    this.advice = advice;
    this.code = code;
  }
}
