/** The size of an element, followed as it changes. */
import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A ref for the element, and its inner size in CSS pixels; 0 × 0 before it is there. */
export function useSize(): [RefObject<HTMLDivElement | null>, Signal<Size>] {
  const element = useRef<HTMLDivElement>(null);
  const size = useSignal<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const measure = (): void => {
      size.value = { width: current.clientWidth, height: current.clientHeight };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    measure();
    return () => observer.disconnect();
  }, []);
  return [element, size];
}
