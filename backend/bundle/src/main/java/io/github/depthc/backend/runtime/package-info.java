// SPDX-License-Identifier: Apache-2.0
/**
 * Running a bundle, whatever the runtime: open a slot, prefill it, step a batch of slots, close it. Also what every
 * runtime needs: the candidates that hold by default, the number of tokens each layer keeps, and sampling.
 */
package io.github.depthc.backend.runtime;
