/** The guided scenes: a list of them, and the one that is told. */
import type { JSX } from 'preact';
import { scenes } from '../scenes/index.js';
import { ready, stopTelling, tell, tellBack, telling, tellNext } from '../telling.js';
import './scenes.css';

export function Scenes(): JSX.Element {
  const now = telling.value;
  if (now === null)
    return (
      <ol class="scene-list">
        {scenes.map((scene) => (
          <li key={scene.id}>
            <button type="button" data-scene={scene.id} onClick={() => tell(scene)}>
              <strong>{scene.title}</strong>
              <span>{scene.about}</span>
            </button>
          </li>
        ))}
      </ol>
    );
  const { scene, step } = now;
  const last = step === scene.steps.length - 1;
  return (
    <div class="scene">
      <button type="button" class="back" onClick={stopTelling}>
        ‹ All scenes
      </button>
      <h3>{scene.title}</h3>
      <p class="about">{scene.about}</p>
      <ol class="told">
        {scene.steps.slice(0, step + 1).map(({ say }, i) => (
          <li
            key={say}
            class={i === step ? 'now' : ''}
            aria-current={i === step ? 'step' : undefined}
            ref={(element) => {
              if (i === step) element?.scrollIntoView({ block: 'nearest' });
            }}
          >
            {say}
          </li>
        ))}
      </ol>
      <div class="turns">
        <button type="button" disabled={step < 0} onClick={tellBack}>
          Back
        </button>
        <span aria-live="polite">
          {step < 0 ? `${scene.steps.length} steps` : `${step + 1} of ${scene.steps.length}`}
        </span>
        {last ? (
          <button type="button" class="main" data-do="again" onClick={() => tell(scene)}>
            Again
          </button>
        ) : (
          <button type="button" class="main" data-do="next" disabled={!ready()} onClick={tellNext}>
            {step < 0 ? 'Begin' : 'Next'}
          </button>
        )}
      </div>
      {last && <p class="note">Now change it: crash a node, cut the network, or send a request of your own (Act).</p>}
    </div>
  );
}
