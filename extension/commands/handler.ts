// A command's handler: what it is given comes from menus, views, lenses and keybindings, so it is checked before use.
import { z } from 'zod';
import type { CommandId } from '../contributions/commands';

export type Handler = (argument?: unknown) => Promise<void> | void;
export type Handlers = { readonly [K in CommandId]: Handler };

const fileSchema = z.union([
  z.object({ fsPath: z.string(), scheme: z.literal('file') }).transform(({ fsPath }) => fsPath),
  z.object({ uri: z.object({ fsPath: z.string() }) }).transform(({ uri }) => uri.fsPath),
]);

/** The file of a Uri or of a node of a view that has one. */
export function fileArgument(argument: unknown): string | undefined {
  return fileSchema.safeParse(argument).data;
}

const runSchema = z.union([z.string(), z.object({ run: z.string() }).transform(({ run }) => run)]);

/** The run folder that a view, a lens or the dashboard names. */
export function runArgument(argument: unknown): string | undefined {
  return runSchema.safeParse(argument).data;
}
