/** JsonLogic, as flagd evaluates it. */
export type Rule = string | number | boolean | null | Rule[] | { [operator: string]: Rule };
