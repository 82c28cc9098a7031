// SPDX-License-Identifier: Apache-2.0
/**
 * Continuous batching: one thread owns the engine; requests wait in a queue and join the running batch between two decode steps, as
 * far as the memory for their caches goes.
 */
package io.github.depthc.server.batch;
