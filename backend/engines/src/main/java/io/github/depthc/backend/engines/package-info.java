// SPDX-License-Identifier: Apache-2.0
/**
 * Bundles as other serving engines take them: a model repository of the Triton Inference Server, and a folder of onnxruntime-genai.
 */
package io.github.depthc.backend.engines;
