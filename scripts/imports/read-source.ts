import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { workspaceOf } from "./rules.js";

export type Import = Readonly<{ line: number; name: string; typeOnly: boolean; dynamic: boolean }>;
export type Source = Readonly<{ path: string; workspace: string | undefined; imports: readonly Import[] }>;

/** Files of TypeScript and JavaScript in a folder of the repository, relative to its root, with forward slashes. */
export function filesIn(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return /^(node_modules|dist|fixtures)$/.test(entry.name) ? [] : filesIn(root, path);
    return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : [];
  });
}

/** Reads one file: its imports. */
export function readSource(root: string, path: string): Source {
  const file = ts.createSourceFile(
    path,
    readFileSync(join(root, path), "utf8"),
    ts.ScriptTarget.ESNext,
    true,
  );
  const imports: Import[] = [];
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const add = (node: ts.Node, name: ts.Node | undefined, typeOnly: boolean, dynamic = false): void => {
    if (name && ts.isStringLiteralLike(name))
      imports.push({ line: lineOf(node), name: name.text, typeOnly, dynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const dynamic = callee.kind === ts.SyntaxKind.ImportKeyword;
      if (dynamic || (ts.isIdentifier(callee) && callee.text === "require"))
        add(node, node.arguments[0], false, dynamic);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path, workspace: workspaceOf(path), imports };
}
