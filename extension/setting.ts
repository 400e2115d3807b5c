// Reads a setting by its typed name. Restricted ones are filtered by the editor itself in restricted mode.
import * as vscode from 'vscode';
import { type SettingId, type SettingValue, settings } from './contributions/settings';

export function setting<S extends SettingId>(id: S): SettingValue<S> {
  const value: unknown = vscode.workspace.getConfiguration().get(id);
  const fallback = settings[id].default;
  // A value of another type is marked in settings.json by the editor; here the default counts.
  return (typeof value === typeof fallback ? value : fallback) as SettingValue<S>;
}
