// tfjs keeps everything that a forward pass saved, and every gradient on the way, until the backward pass has ended:
// twice what is needed at the worst moment. Where tensors are computed one by one that is memory, so here each
// operation gives both back once its own gradients are computed.
import { type Tensor, tf } from './tfjs';

/**
 * Call at the end of a function whose gradients tfjs takes, once its value is computed. No operation may return its
 * upstream gradient itself, or one tensor for two inputs.
 */
export function freeDuringBackward(): void {
  let used: Tensor[] = [];
  for (const node of tf.engine().state.activeTape ?? []) {
    const { gradient, saved = [] } = node;
    if (gradient === undefined) continue;
    node.gradient = (upstream) => {
      // tfjs has taken the gradients of the operation before this one by now.
      for (const tensor of used) tensor.dispose();
      // An output that nothing used has no gradient, whatever the typing says.
      used = [...(upstream as (Tensor | null | undefined)[]), ...saved].filter((tensor) => tensor != null);
      return gradient(upstream);
    };
  }
}
