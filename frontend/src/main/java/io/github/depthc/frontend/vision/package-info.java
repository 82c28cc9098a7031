// SPDX-License-Identifier: Apache-2.0
/** LLaVA's images: what a configuration says of them, vision tower and projector as a graph, and a prompt's text and images put together. */
package io.github.depthc.frontend.vision;
