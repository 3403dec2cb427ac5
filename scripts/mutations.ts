import ts from "typescript";

/** One change of a source text: `from` at a place becomes `to`. */
export type Mutation = Readonly<{ at: number; line: number; from: string; to: string }>;

/** Methods and operators that are taken for each other; "" leaves the call out. */
const methods: Readonly<Record<string, string>> = { add: "sub", sub: "add", mul: "div", div: "mul", neg: "" };
const operators: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.PlusToken]: "-",
  [ts.SyntaxKind.MinusToken]: "+",
  [ts.SyntaxKind.AsteriskToken]: "/",
  [ts.SyntaxKind.SlashToken]: "*",
  [ts.SyntaxKind.LessThanToken]: ">=",
  [ts.SyntaxKind.GreaterThanToken]: "<=",
};

/** Every change of one sign, factor or comparison, and every negation left out, in the order of the text. */
export function mutationsOf(text: string): Mutation[] {
  const file = ts.createSourceFile("source.ts", text, ts.ScriptTarget.ESNext, true);
  const found: Mutation[] = [];
  const push = (at: number, from: string, to: string): void => {
    const line = file.getLineAndCharacterOfPosition(at).line + 1;
    found.push({ at, line, from, to });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name } = node.expression;
      const other = Object.hasOwn(methods, name.text) ? methods[name.text] : undefined;
      const dot = name.getStart() - 1;
      if (other) push(name.getStart(), name.text, other);
      else if (other === "" && text[dot] === ".") push(dot, text.slice(dot, node.end), "");
    } else if (ts.isBinaryExpression(node)) {
      const token = node.operatorToken;
      const other = operators[token.kind];
      const isText = [node.left, node.right].some((side) => ts.isStringLiteralLike(side));
      if (other && !isText) push(token.getStart(), token.getText(), other);
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken)
      push(node.getStart(), "-", "");
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.sort((a, b) => a.at - b.at);
}

export const applied = (text: string, { at, from, to }: Mutation): string =>
  text.slice(0, at) + to + text.slice(at + from.length);
