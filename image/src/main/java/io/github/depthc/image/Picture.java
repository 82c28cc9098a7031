// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.List;

/** A picture file whose header is read and whose pixels are not. */
interface Picture {
    /** The format's name. */
    String format();

    /** As the pixels are stored, before any orientation. */
    PixelSize size();

    /** EXIF's number of how to hold the picture, 1 to 8; 1 is as it is. */
    int orientation();

    /** What of the file is not in the pixels; only complete after decoding. */
    List<String> remarks();

    /** The pixels as Pillow's {@code convert("RGB")} gives them. */
    RgbImage decode() throws DamagedImageException;
}
