/**
 * Tables without lines: what is in them can be read, cut and searched.
 */
import type Table from 'cli-table3';

const nothing = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const;

export const borderless = { chars: nothing, style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] } };

export const drawn = (table: Table.Table): string => table.toString().replace(/[ \t]+$/gm, '');
