// SPDX-License-Identifier: Apache-2.0
/**
 * Drawings of models: {@link io.github.depthc.cli.draw.Pictures} says what is shown, {@link io.github.depthc.cli.draw.Layout} where it
 * stands, {@link io.github.depthc.cli.draw.GraphSvg} and {@link io.github.depthc.cli.draw.GraphDot} write it.
 */
package io.github.depthc.cli.draw;
