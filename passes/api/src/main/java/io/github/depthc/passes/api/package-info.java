// SPDX-License-Identifier: Apache-2.0
/**
 * What an author of passes sees: {@link io.github.depthc.passes.api.Pass} and its spec, the pipeline that runs passes,
 * the executor that lets one measure a model, and the cost of a layer. Depends on the IR alone.
 */
package io.github.depthc.passes.api;
