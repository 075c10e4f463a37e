"""Operations in fewer passes over memory than torch takes."""
