// tfjs-core with all its gradients registered (its Node entry registers none) and its console hints off.
// Every file of the tensor code imports tf from here.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';

tf.enableProdMode();

export { tf };
export type Tensor = tf.Tensor;
