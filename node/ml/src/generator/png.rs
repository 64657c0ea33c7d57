//! Pictures and animations as PNG bytes, with a description for those who cannot see them.

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};

use super::sprite::Image;

/// A picture as a PNG file.
///
/// # Errors
/// [`EncodingError`] when the picture has no pixels, or not as many as its sides say.
pub fn picture(image: &Image, description: &str) -> Result<Vec<u8>, EncodingError> {
    write(std::slice::from_ref(image), None, description)
}

/// Pictures of one size as an animated PNG that runs for ever, each shown for so many milliseconds; programs that know no animation show the
/// first one.
///
/// # Errors
/// As [`picture`], and when there are none or their sizes differ.
pub fn animation(frames: &[Image], millis: u16, description: &str) -> Result<Vec<u8>, EncodingError> {
    write(frames, Some(millis), description)
}

fn write(frames: &[Image], millis: Option<u16>, description: &str) -> Result<Vec<u8>, EncodingError> {
    let (width, height) = frames.first().map_or((0, 0), |first| (first.width, first.height));
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    if !description.is_empty() {
        encoder.add_itxt_chunk("Description".to_owned(), description.to_owned())?;
    }
    if let Some(millis) = millis {
        encoder.set_animated(frames.len() as u32, 0)?;
        encoder.set_frame_delay(millis, 1_000)?;
    }
    let mut writer = encoder.write_header()?;
    for frame in frames {
        writer.write_image_data(frame.pixels.as_flattened())?;
    }
    writer.finish()?;
    Ok(file)
}
