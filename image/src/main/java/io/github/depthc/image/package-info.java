// SPDX-License-Identifier: Apache-2.0
/**
 * Pictures for vision towers: {@link io.github.depthc.image.ImageFile} opens JPEG, PNG and WebP files, and
 * {@link io.github.depthc.image.ImageProcessor} makes of them what a tower takes, equal to the reference processors.
 *
 * <p>A picture file is data that somebody else made: its size is read from its header and held against {@link
 * io.github.depthc.image.ImageLimits} before anything is decoded, and whatever is wrong with it is an
 * {@link io.github.depthc.ir.InputException} of one line.
 */
package io.github.depthc.image;
